// Package check decodes the manifests beside it strictly against the types of
// Kubernetes, and holds what they promise about privilege. It is a module of its
// own, so that the program does not depend on Kubernetes.
package check
