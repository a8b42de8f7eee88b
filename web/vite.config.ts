import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// In the mode "mock" the dev server answers in place of Dialtone, and the phone is
// played: to look at screens. None of it is in what is built.
export default defineConfig(async ({ mode, command }) => {
  const mock = mode === 'mock' && command === 'serve'
  return {
    plugins: [svelte(), ...(mock ? [(await import('./mock/server.ts')).mockServer()] : [])],
    resolve: { alias: mock ? { '@phone': '/mock/phone.svelte.ts' } : { '@phone': '/src/phone/jssip.ts' } },
    server: { port: 5173, strictPort: true, host: '127.0.0.1' },
    build: {
      target: ['chrome123', 'firefox120', 'safari17.5'],
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      license: { fileName: 'licenses.md' },
      rolldownOptions: { checks: { pluginTimings: false } }
    }
  }
})
