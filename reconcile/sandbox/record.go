package sandbox

// Record is one user exactly as the API writes it, field by field present, null or missing.
//
// It is not the generated user type: that one cannot tell null from missing when it writes, and a stand-in that never
// sends null would not find the reader that trips over it.
type Record struct {
	ID                  Field[string]
	UID                 Field[string]
	Email               Field[string]
	Name                Field[string]
	SeatUID             Field[string]
	AccessSeat          Field[bool]
	GatewaySeat         Field[bool]
	ActiveDeviceCount   Field[float64]
	LastSuccessfulLogin Field[string]
	CreatedAt           Field[string]
	UpdatedAt           Field[string]
}

// MarshalJSON writes the record as the API would.
func (r Record) MarshalJSON() ([]byte, error) { return r.appendJSON(nil), nil }

func (r Record) appendJSON(b []byte) []byte {
	b = append(b, '{')
	b = appendField(b, "access_seat", r.AccessSeat)
	b = appendField(b, "active_device_count", r.ActiveDeviceCount)
	b = appendField(b, "created_at", r.CreatedAt)
	b = appendField(b, "email", r.Email)
	b = appendField(b, "gateway_seat", r.GatewaySeat)
	b = appendField(b, "id", r.ID)
	b = appendField(b, "last_successful_login", r.LastSuccessfulLogin)
	b = appendField(b, "name", r.Name)
	b = appendField(b, "seat_uid", r.SeatUID)
	b = appendField(b, "uid", r.UID)
	b = appendField(b, "updated_at", r.UpdatedAt)
	return append(b, '}')
}

// appendSeat writes the seat of the record, as the response to a PATCH shows it.
func (r Record) appendSeat(b []byte) []byte {
	b = append(b, '{')
	b = appendField(b, "access_seat", r.AccessSeat)
	b = appendField(b, "created_at", r.CreatedAt)
	b = appendField(b, "gateway_seat", r.GatewaySeat)
	b = appendField(b, "seat_uid", r.SeatUID)
	b = appendField(b, "updated_at", r.UpdatedAt)
	return append(b, '}')
}

// Device is one physical device exactly as the API writes it. The real one has more fields; these are the ones in
// openapi/seats.yaml.
type Device struct {
	ID                  Field[string]
	Name                Field[string]
	ActiveRegistrations Field[float64]
	CreatedAt           Field[string]
	UpdatedAt           Field[string]
	LastSeenAt          Field[string]
	LastSeenUser        Field[DeviceUser]
}

// DeviceUser is who was last seen on a device.
type DeviceUser struct {
	ID    Field[string]
	Email Field[string]
	Name  Field[string]
}

// Registration is one registration exactly as the API writes it. The real one has more fields.
type Registration struct {
	ID         Field[string]
	CreatedAt  Field[string]
	UpdatedAt  Field[string]
	LastSeenAt Field[string]
	RevokedAt  Field[string]
	DeletedAt  Field[string]
	Device     Field[RegisteredDevice]
	User       Field[DeviceUser]
}

// RegisteredDevice is the device that a registration is on.
type RegisteredDevice struct {
	ID   Field[string]
	Name Field[string]
}

// MarshalJSON writes the device as the API would.
func (d Device) MarshalJSON() ([]byte, error) { return d.appendJSON(nil), nil }

func (d Device) appendJSON(b []byte) []byte {
	b = append(b, '{')
	b = appendField(b, "active_registrations", d.ActiveRegistrations)
	b = appendField(b, "created_at", d.CreatedAt)
	b = appendField(b, "id", d.ID)
	b = appendField(b, "last_seen_at", d.LastSeenAt)
	b = appendField(b, "last_seen_user", d.LastSeenUser)
	b = appendField(b, "name", d.Name)
	b = appendField(b, "updated_at", d.UpdatedAt)
	return append(b, '}')
}

func (u DeviceUser) appendJSON(b []byte) []byte {
	b = append(b, '{')
	b = appendField(b, "email", u.Email)
	b = appendField(b, "id", u.ID)
	b = appendField(b, "name", u.Name)
	return append(b, '}')
}

// MarshalJSON writes the registration as the API would.
func (r Registration) MarshalJSON() ([]byte, error) { return r.appendJSON(nil), nil }

func (r Registration) appendJSON(b []byte) []byte {
	b = append(b, '{')
	b = appendField(b, "created_at", r.CreatedAt)
	b = appendField(b, "deleted_at", r.DeletedAt)
	b = appendField(b, "device", r.Device)
	b = appendField(b, "id", r.ID)
	b = appendField(b, "last_seen_at", r.LastSeenAt)
	b = appendField(b, "revoked_at", r.RevokedAt)
	b = appendField(b, "updated_at", r.UpdatedAt)
	b = appendField(b, "user", r.User)
	return append(b, '}')
}

func (d RegisteredDevice) appendJSON(b []byte) []byte {
	b = append(b, '{')
	b = appendField(b, "id", d.ID)
	b = appendField(b, "name", d.Name)
	return append(b, '}')
}
