package pbx

import (
	"dialtone/config"
	"dialtone/media/music"
	"dialtone/pbx/api"
)

// musicOf are the classes of music in a configuration.
func musicOf(cfg *config.Config) map[string]music.Class {
	classes := map[string]music.Class{}
	for name, m := range cfg.Music.Classes {
		classes[name] = music.Class{Folder: m.Folder, Shuffled: m.Order == "shuffled", URL: m.URL}
	}
	return classes
}

// Music implements api.Server.
func (s *Server) Music() []api.Music {
	var list []api.Music
	for _, m := range s.music.Status() {
		list = append(list, api.Music{
			Class: m.Class, Source: m.Source, Playing: m.Playing, Listeners: m.Listeners, Encodings: m.Encodings,
			Problem: m.Problem, Credits: m.Credits,
			DecodedSeconds: m.Decoded.Seconds(), EncodedFrames: m.Encodes, MissedFrames: m.Dry,
		})
	}
	return list
}
