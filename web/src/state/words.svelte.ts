import en from '../words/en.json' with { type: 'json' }
import fr from '../words/fr.json' with { type: 'json' }

export type Key = keyof typeof en
type Plural = { one: string; other: string }

/** The languages of the page, by their own names. */
export const languages = { en: 'English', fr: 'Français' } as const
export type Language = keyof typeof languages

const catalogues: Record<Language, Record<string, string | Plural>> = { en, fr }

class Words {
  language = $state<Language>(known(localStorage.getItem('dialtone.language')) ?? known(navigator.language) ?? 'en')

  /** With the habits of the user's country, when the browser is set to that language. */
  get locale(): string {
    return navigator.languages.find((tag) => known(tag) === this.language) ?? this.language
  }

  /** Chooses a language for this browser. */
  choose(language: Language): void {
    localStorage.setItem('dialtone.language', language)
    this.language = language
  }

  /** The language of the extension, for those who have chosen none here. */
  suggest(language: string): void {
    if (!localStorage.getItem('dialtone.language')) this.language = known(language) ?? this.language
  }
}

function known(tag: string | null): Language | undefined {
  const language = tag?.slice(0, 2).toLowerCase()
  return language && language in languages ? (language as Language) : undefined
}

export const words = new Words()

/** A text in the user's language. {name} is filled in; {n} chooses singular or plural. */
export function t(key: Key, params: Record<string, string | number> = {}): string {
  let text = catalogues[words.language][key] ?? key
  if (typeof text !== 'string') {
    const rule = new Intl.PluralRules(words.language).select(Number(params.n))
    text = rule === 'one' ? text.one : text.other
  }
  return text.replace(/\{(\w+)\}/g, (all, name: string) => {
    const value = params[name]
    return typeof value === 'number' ? new Intl.NumberFormat(words.locale).format(value) : (value ?? all)
  })
}

/** "120 kB", "2.4 MB". */
export function weight(bytes: number): string {
  const [unit, size] = bytes < 1e6 ? ['kilobyte', Math.max(1, Math.round(bytes / 1e3))] : ['megabyte', bytes / 1e6]
  return new Intl.NumberFormat(words.locale, { style: 'unit', unit: unit as string, maximumFractionDigits: 1 }).format(size as number)
}

/** Whether there are words for a key that is made of codes. */
export function has(key: string): key is Key {
  return key in en
}

/** The words for a code, or those for "something went wrong" when there are none. */
export function coded(group: 'error' | 'ended' | 'camera', code: string): string {
  const key = `${group}.${code}`
  return key in en ? t(key as Key) : t(`${group}.failed`)
}
