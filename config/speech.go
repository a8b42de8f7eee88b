package config

import "strings"

// Speech says how texts become speech.
type Speech struct {
	// TTS speaks the texts of the step say. Without it, Dialtone says numbers, dates
	// and what else `dialtone docs prompts` lists, but no text of yours.
	TTS TTS `yaml:"tts,omitempty"`
	// STT understands what callers say in menus.
	STT STT `yaml:"stt,omitempty"`
}

// STT is an engine that understands speech: a program or a web server.
type STT struct {
	// Command is a program and its arguments. It gets a WAV file (mono, 16 bits, 8000 Hz)
	// on its standard input and writes the words to its standard output, in UTF-8.
	// {language} stands for the caller's language, such as fr-CA.
	Command []string `yaml:"command,omitempty"`
	// URL is a web server that gets the WAV file (POST, audio/wav) and answers with the
	// words (text/plain in UTF-8). {language} stands for the same.
	URL string `yaml:"url,omitempty" format:"url"`
	// Timeout is how long the engine may take. Callers hear nothing meanwhile.
	Timeout Duration `yaml:"timeout" min:"500ms" max:"1m"`
	// Concurrent is how many callers are understood at the same time; more wait.
	Concurrent int `yaml:"concurrent" min:"1" max:"64"`
}

// Enabled reports whether there is an engine.
func (s STT) Enabled() bool { return len(s.Command) > 0 || s.URL != "" }

// TTS is an engine that speaks texts: a program or a web server. The text is sent to
// it, never written into its arguments.
type TTS struct {
	// Command is a program and its arguments. It gets the text on its standard input,
	// in UTF-8, and writes a WAV file to its standard output: [espeak-ng, -v,
	// "{language}", --stdin, --stdout]. {language} stands for the caller's language, such
	// as fr-CA, and {voice} for what voices says of it.
	Command []string `yaml:"command,omitempty"`
	// URL is a web server that gets the text (POST, text/plain in UTF-8) and answers with
	// a WAV file. {language} and {voice} stand for the same.
	URL string `yaml:"url,omitempty" format:"url"`
	// Voices are the names of the engine's voices by language: {en: en-us, fr: fr-fr}. The
	// voice of fr is that of fr-CA, too, if that has none; of a language that is not there,
	// it is the language itself.
	Voices map[string]string `yaml:"voices,omitempty" key:"language"`
	// Timeout is how long the engine may take for a text. Callers hear nothing meanwhile.
	Timeout Duration `yaml:"timeout" min:"500ms" max:"1m"`
	// Concurrent is how many texts are spoken at the same time; more wait.
	Concurrent int `yaml:"concurrent" min:"1" max:"64"`
	// Cache is how many MB of speech are kept in the data folder, so that a text that was
	// spoken before is there at once. 0 keeps none.
	Cache int `yaml:"cache" min:"0" max:"100000"`
}

// Enabled reports whether there is an engine.
func (t TTS) Enabled() bool { return len(t.Command) > 0 || t.URL != "" }

// Voice is what the engine calls the voice of a language.
func (t TTS) Voice(language string) string {
	for l := language; l != ""; l = l[:max(0, strings.LastIndexByte(l, '-'))] {
		for name, voice := range t.Voices {
			if strings.EqualFold(name, l) {
				return voice
			}
		}
	}
	return language
}

// speech checks the engines.
func (c *validator) speech() {
	t, r := c.cfg.Speech.TTS, c.cfg.Speech.STT
	c.engine("speech.tts", t.Command, t.URL, "speak", "espeak-ng, --stdin, --stdout")
	c.engine("speech.stt", r.Command, r.URL, "understand", "/usr/local/bin/understand, --language, \"{language}\"")
}

// engine checks one of them.
func (c *validator) engine(path string, program []string, address, does, example string) {
	if !c.good(path+".command", path+".url") {
		return
	}
	switch {
	case len(program) > 0 && address != "":
		c.fail(path+".url", "two engines are to "+does+": a command and a URL", "remove one of them")
	case len(program) > 0 && program[0] == "":
		c.fail(path+".command", "the command has no program", "write the program first: ["+example+"]")
	case address != "" && insecure(address):
		c.warn(path+".url", "what is spoken goes over the net unencrypted", "write https://")
	}
}
