package config

import "strings"

// Speech says how texts become speech.
type Speech struct {
	// TTS speaks the texts of the step say. Without it, Dialtone says numbers, dates
	// and what else `dialtone docs prompts` lists, but no text of yours.
	TTS TTS `yaml:"tts,omitempty"`
}

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
	const command, address = "speech.tts.command", "speech.tts.url"
	t := c.cfg.Speech.TTS
	if !c.good(command, address) {
		return
	}
	switch {
	case len(t.Command) > 0 && t.URL != "":
		c.fail(address, "two engines are to speak: a command and a URL", "remove one of them")
	case len(t.Command) > 0 && t.Command[0] == "":
		c.fail(command, "the command has no program", `write the program first: [espeak-ng, --stdin, --stdout]`)
	case t.URL != "" && insecure(t.URL):
		c.warn(address, "what is spoken goes over the net unencrypted", "write https://")
	}
}
