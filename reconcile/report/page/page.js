// The table of changes: search, filters, sorting. All rows are data in the page;
// the table shows a few hundred of those that match and adds more on demand, so
// that ten thousand rows stay quick. Every text is set as text, never as markup.
// Without this script the page shows its first rows, unsorted.
"use strict";
(() => {
  const data = document.getElementById("data");
  const body = document.getElementById("rows");
  if (!data || !body) return;

  // The order of the fields is that of tableRow.fields in html_page.go.
  const FIELDS = ["kind", "state", "stateText", "email", "name", "before", "after",
    "reason", "because", "note", "activity", "place", "group"];
  const STEP = 200;
  const MOST_PRINTED = 5000;

  const rows = JSON.parse(data.textContent).map((fields, index) => {
    const row = { index };
    FIELDS.forEach((name, i) => { row[name] = fields[i]; });
    row.text = fields.join("\n").toLowerCase();
    return row;
  });
  const form = document.getElementById("filters");
  const search = document.getElementById("search");
  const selects = { kind: "kind", state: "stateText", reason: "reason", group: "group" };
  const status = document.getElementById("shown");
  const more = document.getElementById("more");
  const heads = [...document.querySelectorAll(".changes th[data-sort]")];
  const number = new Intl.NumberFormat("en-US");

  let matching = rows;
  let limit = STEP;
  let sorting = { field: "", descending: false };

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function cell(label, ...children) {
    const td = element("td");
    td.setAttribute("role", "cell");
    td.dataset.label = label;
    td.append(...children);
    return td;
  }

  // A class is only ever one of the words that the style knows.
  const known = (word) => (/^[a-z-]{1,20}$/.test(word) ? word : "other");

  // A sentence is set apart from its surroundings, should it run right to left.
  const isolated = (className, text) => (text ? [element("bdi", className, text)] : []);

  function draw(row) {
    const tr = element("tr");
    tr.setAttribute("role", "row");
    tr.className = "kind-" + known(row.kind);
    const effect = element("span", "effect");
    effect.append(element("bdi", "", row.before), " ", element("span", "to", "to"), " ", element("bdi", "", row.after));
    tr.append(
      cell("User", ...isolated("email", row.email), ...isolated("name", row.name), ...isolated("group", row.group)),
      cell("Change", element("span", "kind", row.kind), " ", effect),
      cell("State", element("span", "state state-" + known(row.state), row.stateText)),
      cell("Because", ...isolated("", row.because), ...isolated("note", row.note)),
      cell("Last activity", row.activity),
      cell("Line", ...isolated("place", row.place)),
    );
    return tr;
  }

  // Replaces or extends what the table shows, so that it has the first rows up
  // to the limit.
  function show(extend) {
    const from = extend ? body.rows.length : 0;
    const fragment = document.createDocumentFragment();
    for (const row of matching.slice(from, limit)) fragment.append(draw(row));
    if (extend) body.append(fragment);
    else body.replaceChildren(fragment);
    const shown = Math.min(limit, matching.length);
    const left = matching.length - shown;
    more.hidden = left === 0;
    more.textContent = "Show " + number.format(Math.min(STEP, left)) + " more";
    const some = shown < matching.length ? "the first " + number.format(shown) + " of " : "";
    const all = matching.length === rows.length ? "" : " that match, of " + number.format(rows.length);
    status.textContent = matching.length === 0 ? "No change matches."
      : "Showing " + some + number.format(matching.length) + (matching.length === 1 ? " change" : " changes") + all + ".";
  }

  function compare(a, b) {
    const field = sorting.field;
    const left = field ? a[field].toLowerCase() : "";
    const right = field ? b[field].toLowerCase() : "";
    if (left === right) return a.index - b.index;
    // What is not known comes last, whichever way round.
    if (left === "" || right === "") return left === "" ? 1 : -1;
    return (left < right) === sorting.descending ? 1 : -1;
  }

  function update() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = Object.entries(selects)
      .map(([id, field]) => [field, document.getElementById("filter-" + id)?.value])
      .filter(([, value]) => value);
    matching = rows.filter((row) => words.every((word) => row.text.includes(word)) &&
      wanted.every(([field, value]) => row[field] === value.trim() || (field === "stateText" && row.state === value)));
    if (sorting.field) matching = matching.slice().sort(compare);
    limit = STEP;
    show(false);
  }

  function sortBy(head) {
    const field = head.dataset.sort;
    if (sorting.field !== field) sorting = { field, descending: false };
    else if (!sorting.descending) sorting = { field, descending: true };
    else sorting = { field: "", descending: false };
    for (const other of heads) {
      if (other.dataset.sort !== sorting.field) other.setAttribute("aria-sort", "none");
      else other.setAttribute("aria-sort", sorting.descending ? "descending" : "ascending");
    }
    update();
  }

  for (const head of heads) {
    const button = element("button", "", head.textContent);
    button.type = "button";
    button.addEventListener("click", () => sortBy(head));
    head.replaceChildren(button);
    head.setAttribute("aria-sort", "none");
  }
  form.hidden = false;
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(update));
  more.addEventListener("click", () => {
    const first = body.rows.length;
    limit += STEP;
    show(true);
    // Whoever goes on by keyboard goes on at the first new row.
    const row = body.rows[first];
    if (row && more.hidden) {
      row.tabIndex = -1;
      row.focus();
    }
  });
  // Paper gets all that matches, within reason; the line above the table says
  // how many.
  window.addEventListener("beforeprint", () => {
    if (limit >= Math.min(matching.length, MOST_PRINTED)) return;
    limit = MOST_PRINTED;
    show(true);
  });
  show(false);
})();
