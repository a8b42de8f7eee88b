import { readFileSync } from 'node:fs'
import { defineConfig } from 'vite'

// Makes a script of a library for browsers as it comes from npm, for tests: the mode is its
// name. What it is free under goes with it.
export default defineConfig(({ mode: library }) => {
  const name = library.replace('.', '')
  const licence = readFileSync(`node_modules/${library}/LICENSE.md`, 'utf8').trim()
  const { version } = JSON.parse(readFileSync(`node_modules/${library}/package.json`, 'utf8'))
  return {
    publicDir: false,
    logLevel: 'warn',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      target: 'chrome123',
      outDir: process.env.OUT ?? '../internal/browser/testdata',
      emptyOutDir: false,
      reportCompressedSize: false,
      lib: { entry: `stock/${name}.js`, name: 'stock', formats: ['iife'], fileName: () => `${name}.js` },
      rolldownOptions: { checks: { pluginTimings: false }, output: { postBanner: `/*! ${library} ${version}\n\n${licence}\n*/` } }
    }
  }
})
