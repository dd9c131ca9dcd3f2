package reconcile

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
)

// Amount is an exact decimal amount of money with two or more decimals, as text:
// "10493.00". The zero value means that no price is known and is null in JSON.
// Amounts are computed with rationals, never with floating point.
type Amount string

// decimalPattern is the form of a price: no sign, no exponent, no separators.
var decimalPattern = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,6})?$`)

// ParseAmount reads a price as it stands in the file. It keeps the decimals,
// but shows at least two.
func ParseAmount(text string) (Amount, error) {
	if !decimalPattern.MatchString(text) {
		return "", fmt.Errorf("%q is not a price: write a plain decimal number, for instance 7.00", text)
	}
	value, _ := new(big.Rat).SetString(text)
	return amountOf(value), nil
}

// Times returns the amount for n units, or none when the amount is none.
func (a Amount) Times(n int) Amount {
	if a == "" {
		return ""
	}
	value, ok := new(big.Rat).SetString(string(a))
	if !ok {
		return ""
	}
	return amountOf(value.Mul(value, new(big.Rat).SetInt64(int64(n))))
}

// Minus returns the difference of two amounts, or none when one of them is none.
func (a Amount) Minus(b Amount) Amount {
	left, okLeft := new(big.Rat).SetString(string(a))
	right, okRight := new(big.Rat).SetString(string(b))
	if !okLeft || !okRight {
		return ""
	}
	return amountOf(left.Sub(left, right))
}

// amountOf writes a decimal rational exactly, with two decimals or as many as
// it takes.
func amountOf(value *big.Rat) Amount {
	decimals, _ := value.FloatPrec()
	return Amount(value.FloatString(max(2, decimals)))
}

// MarshalJSON writes null for no amount.
func (a Amount) MarshalJSON() ([]byte, error) {
	if a == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(a))
}
