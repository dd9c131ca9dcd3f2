package reconcile

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"sync"
)

// Amount is an exact decimal amount of money with two or more decimals, as text:
// "10493.00". The zero value means that no price is known and is null in JSON.
// Amounts are computed with rationals, never with floating point.
type Amount string

// decimalPattern is the form of a price: no sign, no exponent, no separators.
var decimalPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,6})?$`) })

// ParseAmount reads a price as it stands in the file. It keeps the decimals,
// but shows at least two.
func ParseAmount(text string) (Amount, error) {
	if !decimalPattern().MatchString(text) {
		return "", fmt.Errorf("%q is not a price: write a plain decimal number, for instance 7.00", text)
	}
	value, _ := new(big.Rat).SetString(text)
	return amountOf(value), nil
}

// Times returns the amount for n units, or none when the amount is none.
func (a Amount) Times(n int) Amount {
	value, ok := new(big.Rat).SetString(string(a))
	if !ok {
		return ""
	}
	return amountOf(value.Mul(value, new(big.Rat).SetInt64(int64(n))))
}

// Plus returns the sum of two amounts, or none when one of them is none.
func (a Amount) Plus(b Amount) Amount { return a.with(b, (*big.Rat).Add) }

// Minus returns the difference of two amounts, or none when one of them is none.
func (a Amount) Minus(b Amount) Amount { return a.with(b, (*big.Rat).Sub) }

// with computes with two amounts, and returns none when one of them is none.
func (a Amount) with(b Amount, compute func(result, left, right *big.Rat) *big.Rat) Amount {
	left, okLeft := new(big.Rat).SetString(string(a))
	right, okRight := new(big.Rat).SetString(string(b))
	if !okLeft || !okRight {
		return ""
	}
	return amountOf(compute(left, left, right))
}

// isMoreThan reports whether both amounts are known and this one is the larger.
func (a Amount) isMoreThan(b Amount) bool {
	left, okLeft := new(big.Rat).SetString(string(a))
	right, okRight := new(big.Rat).SetString(string(b))
	return okLeft && okRight && left.Cmp(right) > 0
}

// pays returns how many units of a price the amount pays for. It reports false where
// one of the two is none, and where the price is zero.
func (a Amount) pays(price Amount) (units int, ok bool) {
	whole, okWhole := new(big.Rat).SetString(string(a))
	unit, okUnit := new(big.Rat).SetString(string(price))
	if !okWhole || !okUnit || unit.Sign() <= 0 {
		return 0, false
	}
	whole.Quo(whole, unit)
	count := new(big.Int).Quo(whole.Num(), whole.Denom())
	return int(min(count.Int64(), math.MaxInt32)), count.IsInt64()
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
