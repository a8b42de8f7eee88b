// Package storagetest is the suite that every implementation of storage.Store
// passes.
package storagetest
