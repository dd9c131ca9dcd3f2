// Yamlv3 decodes desired-state files into structs with yaml.v3, one after another, and checks nothing: the least that a
// program has to do which reads such files with this library.
package main

import (
	"fmt"
	"log"
	"os"

	"gopkg.in/yaml.v3"
)

type file struct {
	Users []user `yaml:"users"`
}

type user struct {
	Email       string `yaml:"email"`
	Name        string `yaml:"name"`
	AccessSeat  *bool  `yaml:"access_seat"`
	GatewaySeat *bool  `yaml:"gateway_seat"`
}

func main() {
	users := 0
	for _, path := range os.Args[1:] {
		data, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		var f file
		if err := yaml.Unmarshal(data, &f); err != nil {
			log.Fatal(err)
		}
		users += len(f.Users)
	}
	fmt.Println(users, "users")
}
