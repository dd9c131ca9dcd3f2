package sandbox

import "strconv"

// Record is one user exactly as the API writes it, field by field present, null or missing.
//
// It is not the generated user type: that one cannot tell null from missing when it writes, and a stand-in that never
// sends null would not find the reader that trips over it.
type Record struct {
	AccessSeat          Field[bool]    `json:"access_seat,omitzero"`
	ActiveDeviceCount   Field[float64] `json:"active_device_count,omitzero"`
	CreatedAt           Field[string]  `json:"created_at,omitzero"`
	Email               Field[string]  `json:"email,omitzero"`
	GatewaySeat         Field[bool]    `json:"gateway_seat,omitzero"`
	ID                  Field[string]  `json:"id,omitzero"`
	LastSuccessfulLogin Field[string]  `json:"last_successful_login,omitzero"`
	Name                Field[string]  `json:"name,omitzero"`
	SeatUID             Field[string]  `json:"seat_uid,omitzero"`
	UID                 Field[string]  `json:"uid,omitzero"`
	UpdatedAt           Field[string]  `json:"updated_at,omitzero"`
}

// appendTo appends the record in JSON, as its tags say. A page has a thousand, for which the tags would be looked at one
// by one.
func (r *Record) appendTo(text []byte) []byte {
	text = append(text, '{')
	text = appendMember(text, "access_seat", r.AccessSeat, strconv.AppendBool)
	text = appendMember(text, "active_device_count", r.ActiveDeviceCount, appendNumber)
	text = appendMember(text, "created_at", r.CreatedAt, appendText)
	text = appendMember(text, "email", r.Email, appendText)
	text = appendMember(text, "gateway_seat", r.GatewaySeat, strconv.AppendBool)
	text = appendMember(text, "id", r.ID, appendText)
	text = appendMember(text, "last_successful_login", r.LastSuccessfulLogin, appendText)
	text = appendMember(text, "name", r.Name, appendText)
	text = appendMember(text, "seat_uid", r.SeatUID, appendText)
	text = appendMember(text, "uid", r.UID, appendText)
	text = appendMember(text, "updated_at", r.UpdatedAt, appendText)
	return append(text, '}')
}

// seat returns the seat of the record, as the response to a PATCH shows it.
func (r Record) seat() Record {
	return Record{AccessSeat: r.AccessSeat, CreatedAt: r.CreatedAt, GatewaySeat: r.GatewaySeat, SeatUID: r.SeatUID, UpdatedAt: r.UpdatedAt}
}

// Device is one physical device exactly as the API writes it. The real one has more fields; these are the ones in
// openapi/seats.yaml.
type Device struct {
	ActiveRegistrations Field[float64]    `json:"active_registrations,omitzero"`
	CreatedAt           Field[string]     `json:"created_at,omitzero"`
	ID                  Field[string]     `json:"id,omitzero"`
	LastSeenAt          Field[string]     `json:"last_seen_at,omitzero"`
	LastSeenUser        Field[DeviceUser] `json:"last_seen_user,omitzero"`
	Name                Field[string]     `json:"name,omitzero"`
	UpdatedAt           Field[string]     `json:"updated_at,omitzero"`
}

// DeviceUser is who was last seen on a device.
type DeviceUser struct {
	Email Field[string] `json:"email,omitzero"`
	ID    Field[string] `json:"id,omitzero"`
	Name  Field[string] `json:"name,omitzero"`
}

// Registration is one registration exactly as the API writes it. The real one has more fields.
type Registration struct {
	CreatedAt  Field[string]           `json:"created_at,omitzero"`
	DeletedAt  Field[string]           `json:"deleted_at,omitzero"`
	Device     Field[RegisteredDevice] `json:"device,omitzero"`
	ID         Field[string]           `json:"id,omitzero"`
	LastSeenAt Field[string]           `json:"last_seen_at,omitzero"`
	RevokedAt  Field[string]           `json:"revoked_at,omitzero"`
	UpdatedAt  Field[string]           `json:"updated_at,omitzero"`
	User       Field[DeviceUser]       `json:"user,omitzero"`
}

// RegisteredDevice is the device that a registration is on.
type RegisteredDevice struct {
	ID   Field[string] `json:"id,omitzero"`
	Name Field[string] `json:"name,omitzero"`
}
