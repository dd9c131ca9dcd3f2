package zerotrust

import (
	"errors"
	"fmt"
	"math"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatsync/seatsync/reconcile"
)

// userDecoder decodes users, on which a listing spends most of its time: field by
// field, with one allocation for each user. Null, missing and "" mean the same of
// a text; flags and dates have a value of their own for not reported. The rest of
// [generated.User] is skipped. A test holds the two together.
type userDecoder struct{ textDecoder }

// textDecoder takes the texts of an item into one allocation.
type textDecoder struct {
	reader *jsonReader
	texts  []byte // of the item at hand, one after the other
}

// decode takes the next user.
func (d *userDecoder) decode() (user reconcile.User, err error) {
	var devices count
	var spans [4]span
	fields := [...]*string{&user.ID, &user.Email, &user.Name, &user.SeatUID}
	d.texts = d.texts[:0]
	err = d.reader.readObject(func(key jsontext.Value) (err error) {
		switch string(key) {
		case `"id"`:
			spans[0], err = d.takeText()
		case `"email"`:
			spans[1], err = d.takeText()
		case `"name"`:
			spans[2], err = d.takeText()
		case `"seat_uid"`:
			spans[3], err = d.takeText()
		case `"access_seat"`:
			user.AccessSeat, err = d.takeFlag()
		case `"gateway_seat"`:
			user.GatewaySeat, err = d.takeFlag()
		case `"last_successful_login"`:
			user.LastLogin, err = d.takeMoment()
		case `"created_at"`:
			user.CreatedAt, err = d.takeMoment()
		case `"active_device_count"`:
			devices, err = d.takeCount()
		default:
			err = d.reader.skip()
		}
		return err
	})
	if err != nil {
		return reconcile.User{}, err
	}
	d.fill(fields[:], spans[:])
	if user.ID == "" {
		return reconcile.User{}, errors.New("it has a user without an id")
	}
	user.ActiveDevices, user.DevicesCounted = int32(min(devices.value, math.MaxInt32)), devices.known
	return user, nil
}

// span is where a text is among others.
type span struct{ from, to int }

// fill sets the fields to the texts that were taken for them.
func (d *textDecoder) fill(fields []*string, spans []span) {
	texts := string(d.texts)
	for i, field := range fields {
		*field = texts[spans[i].from:spans[i].to]
	}
}

// takeText takes a text, or null.
func (d *textDecoder) takeText() (span, error) {
	from := len(d.texts)
	value, err := d.reader.decoder.ReadValue()
	switch {
	case err != nil:
		return span{}, err
	case value.Kind() == '"':
		// The reader has looked at the value: the error is about UTF-8, which it lets pass.
		d.texts, _ = jsontext.AppendUnquote(d.texts, value)
		if len(d.texts)-from > maxText {
			return span{}, errLargeText
		}
	case value.Kind() != 'n':
		return span{}, fmt.Errorf("a %v where a text should be", value.Kind())
	}
	return span{from, len(d.texts)}, nil
}

// takeMoment takes a date, or null.
func (d *textDecoder) takeMoment() (reconcile.Moment, error) {
	text, err := d.takeText()
	moment := reconcile.ParseMoment(string(d.texts[text.from:text.to]))
	d.texts = d.texts[:len(d.texts)-(text.to-text.from)]
	return moment, err
}

// takeFlag takes a boolean, or null.
func (d *userDecoder) takeFlag() (flag reconcile.Flag, err error) {
	value, err := d.reader.decoder.ReadValue()
	if err == nil {
		err = flag.UnmarshalJSON(value)
	}
	return flag, err
}

// takeCount takes a number of things, or null.
func (d *userDecoder) takeCount() (number count, err error) {
	value, err := d.reader.decoder.ReadValue()
	if err == nil {
		err = number.UnmarshalJSON(value)
	}
	return number, err
}
