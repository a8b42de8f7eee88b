import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** Loads a module of the page that imports nothing but types. */
export function load(name) {
  const source = readFileSync(new URL('../src/' + name, import.meta.url), 'utf8')
  const { outputText } = ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 } })
  return import('data:text/javascript,' + encodeURIComponent(outputText))
}

/** All files of the source with such an ending: [name, text]. */
export function sources(...endings) {
  const root = new URL('../src', import.meta.url).pathname
  return readdirSync(root, { recursive: true })
    .filter((name) => endings.some((e) => name.endsWith(e)))
    .map((name) => [name, readFileSync(join(root, name), 'utf8')])
}
