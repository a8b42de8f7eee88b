// Command promptgen makes the recordings of package prompts from their texts, with
// the speech programs of Debian: make prompts. What it makes of the same texts with
// the same programs is the same to the byte.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"dialtone/prompts"
)

func main() {
	folder := "prompts"
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, folder); err != nil {
		fmt.Fprintln(os.Stderr, "promptgen:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// made is one recording.
type made struct {
	prompt prompts.Prompt
	line   string // of the manifest
	err    error
}

// run makes folder/audio of the lists in folder.
func run(ctx context.Context, folder string) error {
	lists, err := filepath.Glob(filepath.Join(folder, "*.tsv"))
	if err == nil && len(lists) == 0 {
		err = errors.New("there is no list of texts in " + folder)
	}
	if err != nil {
		return err
	}
	// The old recordings stay until all new ones are there.
	audio, err := os.MkdirTemp(folder, "making")
	if err != nil {
		return err
	}
	defer os.RemoveAll(audio)
	manifest := "# Made by make prompts: what, SHA-256 of the text, SHA-256 of the file, milliseconds.\n"
	for _, list := range lists {
		language := strings.TrimSuffix(filepath.Base(list), ".tsv")
		data, err := os.ReadFile(list)
		if err != nil {
			return err
		}
		texts, err := prompts.Parse(string(data))
		if err != nil {
			return fmt.Errorf("%s: %w", list, err)
		}
		speak := voices[language]
		if speak == nil {
			return fmt.Errorf("%s: no voice speaks %s: add one to internal/promptgen/voices.go", list, language)
		}
		for _, m := range record(ctx, filepath.Join(audio, language), language, texts, speak) {
			if m.err != nil {
				return fmt.Errorf("%s/%s: %w", language, m.prompt.Name, m.err)
			}
			manifest += m.line
		}
	}
	if err := os.WriteFile(filepath.Join(audio, "manifest.tsv"), []byte(manifest), 0o644); err != nil {
		return err
	}
	final := filepath.Join(folder, "audio")
	return errors.Join(os.Chmod(audio, 0o755), os.RemoveAll(final), os.Rename(audio, final))
}

// record makes the recordings of one language, on all processors.
func record(ctx context.Context, folder, language string, texts []prompts.Prompt, speak voice) []made {
	out := make([]made, len(texts))
	var all sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := range next {
				out[i] = one(ctx, folder, language, texts[i], speak)
			}
		})
	}
	for i := range texts {
		next <- i
	}
	close(next)
	all.Wait()
	return out
}

func one(ctx context.Context, folder, language string, p prompts.Prompt, speak voice) made {
	pcm, err := sound(ctx, p.Text, speak)
	if err != nil {
		return made{prompt: p, err: err}
	}
	file, err := encode(pcm)
	if err != nil {
		return made{prompt: p, err: err}
	}
	path := filepath.Join(folder, filepath.FromSlash(p.Name)+prompts.Suffix)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return made{prompt: p, err: err}
	}
	line := fmt.Sprintf("%s/%s\t%s\t%s\t%d\n", language, p.Name, sum([]byte(p.Text)), sum(file), len(pcm)*1000/prompts.Rate)
	return made{prompt: p, line: line, err: os.WriteFile(path, file, 0o644)}
}

// sum is enough of a hash to tell two recordings apart.
func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:8])
}
