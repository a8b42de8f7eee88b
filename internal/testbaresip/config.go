package testbaresip

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// settings has no sound card: a tone for a microphone, a file for an ear. The ports for audio
// are nobody else's, and baresip takes those of them that are free.
const settings = `poll_method		epoll
sip_listen		127.0.0.1:0
sip_verify_server	no
call_local_timeout	120
call_max_calls		4
module_path		%s
module			g711.so
module			ausine.so
module			aubridge.so
module			sndfile.so
module			srtp.so
module			uuid.so
module_tmp		account.so
module_app		menu.so
module_app		ctrl_tcp.so
module_app		debug_cmd.so
ctrl_tcp_listen		127.0.0.1:%d
audio_player		aubridge,nil
audio_source		ausine,%d
audio_alert		aubridge,nil
ausrc_srate		48000
ausrc_channels		2
auplay_srate		48000
auplay_channels		2
rtp_ports		31000-31999
jitter_buffer_type	fixed
jitter_buffer_delay	2-10
snd_path		%s
`

// configure writes what baresip reads when it starts.
func (p *Phone) configure(control int) error {
	modules, err := modules()
	if err != nil {
		return err
	}
	o := p.options
	config := fmt.Sprintf(settings, modules, control, o.Hz, p.dir)
	for _, module := range strings.Fields(o.Modules) {
		config += "module_app		" + module + "\n"
	}
	account := fmt.Sprintf("<%s>;auth_user=%s;auth_pass=%s;regint=60;audio_codecs=pcmu,pcma%s\n",
		p.uri(o.Extension), o.Extension, p.server.Password(o.Extension), o.Params)
	contacts := ""
	if o.Contact != "" {
		contacts = fmt.Sprintf("\"them\" <sip:%s@%s>;presence=p2p\n", o.Contact, p.address())
	}
	for name, text := range map[string]string{"config": config, "accounts": account, "contacts": contacts} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// modules finds baresip's modules, wherever Debian puts them.
func modules() (string, error) {
	for _, pattern := range []string{"/usr/lib/baresip/modules", "/usr/lib/*/baresip/modules"} {
		if dirs, _ := filepath.Glob(pattern); len(dirs) > 0 {
			return dirs[0], nil
		}
	}
	return "", errors.New("baresip's modules are not where Debian puts them: apt-get install baresip-core")
}

// address is the server's, for this phone.
func (p *Phone) address() string {
	return fmt.Sprintf("127.0.0.1:%d", p.server.Port(p.options.Transport))
}

// uri is that of a number of the server.
func (p *Phone) uri(number string) string {
	return fmt.Sprintf("sip:%s@%s;transport=%s", number, p.address(), p.options.Transport)
}
