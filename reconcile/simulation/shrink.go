package simulation

import "slices"

// Shrink returns the shortest story that it finds which still fails, by leaving out
// events, people and days. It plays at most so many stories.
func Shrink(story *Story, most int, fails func(*Story) bool) *Story {
	s := &shrinking{best: story, left: most, fails: fails}
	for before := -1; before != s.best.length() && s.left > 0; {
		before = s.best.length()
		s.leaveOutDays()
		s.leaveOutEvents()
		s.leaveOutPeople()
	}
	return s.best
}

// length is what makes one story shorter than another.
func (s *Story) length() int {
	length := len(s.Events) + s.Days
	for i := range s.People {
		if !s.People[i].IsAbsent {
			length++
		}
	}
	return length
}

type shrinking struct {
	best  *Story
	left  int
	fails func(*Story) bool
}

// try keeps a story that still fails.
func (s *shrinking) try(story Story) bool {
	if s.left == 0 {
		return false
	}
	s.left--
	if !s.fails(&story) {
		return false
	}
	s.best = &story
	return true
}

// leaveOutDays ends the story earlier, by halves and then by days.
func (s *shrinking) leaveOutDays() {
	for step := s.best.Days / 2; step > 0; step /= 2 {
		for s.best.Days > step {
			shorter := *s.best
			shorter.Days -= step
			shorter.Events = slices.DeleteFunc(slices.Clone(shorter.Events), func(e Event) bool { return int(e.At/day) >= shorter.Days })
			if !s.try(shorter) {
				break
			}
		}
	}
}

// leaveOutEvents leaves out stretches of events, by halves and then one by one.
func (s *shrinking) leaveOutEvents() {
	for size := len(s.best.Events); size > 0; size /= 2 {
		for from := 0; from < len(s.best.Events); {
			shorter := *s.best
			shorter.Events = slices.Delete(slices.Clone(shorter.Events), from, min(from+size, len(shorter.Events)))
			if !s.try(shorter) {
				from += size
			}
		}
	}
}

// leaveOutPeople lets people have no part in the story: who they are stays, so that all
// others keep their places.
func (s *shrinking) leaveOutPeople() {
	for i := range s.best.People {
		if s.best.People[i].IsAbsent {
			continue
		}
		shorter := *s.best
		shorter.People = slices.Clone(shorter.People)
		shorter.People[i].IsAbsent = true
		shorter.Events = slices.DeleteFunc(slices.Clone(shorter.Events), func(e Event) bool { return e.Who == i && e.isAboutSomebody() })
		s.try(shorter)
	}
}
