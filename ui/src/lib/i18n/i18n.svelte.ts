/**
 * The window's languages: catalogues that ship with the app, plural rules by `Intl`, a live switch.
 *
 * `t` and `locale.tag` read one `$state`, so whatever shows a sentence is drawn again when the language changes. Sentences
 * are text: nothing here escapes, because nothing is ever rendered as HTML.
 */
import i18next, { type TOptions } from 'i18next';
import type { Language } from '$lib/bindings';
import { catalogues, namespaces, type Key } from './catalogues';

/** A language we have sentences in. */
export type Tongue = Exclude<Language, 'system'>;

/** Languages on offer, each by its own name. */
export const tongues: ReadonlyArray<{ tongue: Tongue; name: string }> = [
  { tongue: 'en', name: 'English' },
  { tongue: 'hu', name: 'Magyar' },
  { tongue: 'ru', name: 'Русский' },
];

const instance = i18next.createInstance();
void instance.init({
  lng: 'en',
  fallbackLng: 'en',
  ns: [...namespaces],
  defaultNS: 'common',
  resources: catalogues,
  initAsync: false,
  interpolation: { escapeValue: false },
  returnNull: false,
});

class Locale {
  #tongue = $state<Tongue>('en');

  /** The language in force. */
  get tongue(): Tongue {
    return this.#tongue;
  }

  /** Its BCP 47 tag, for `Intl`. English dates and numbers follow the machine's English, if it has one. */
  get tag(): string {
    const own = systemTags().find((tag) => tag.split('-')[0] === this.#tongue);
    return own ?? this.#tongue;
  }

  /** Speaks `language` from now on; `system` picks the first language of the machine that we know, else English. */
  speak(language: Language): void {
    const tongue = language === 'system' ? tongueOf(systemTags()) : language;
    void instance.changeLanguage(tongue);
    this.#tongue = tongue;
    if (typeof document !== 'undefined') document.documentElement.lang = tongue;
  }
}

/** The one locale of the window. */
export const locale = new Locale();

function systemTags(): readonly string[] {
  return typeof navigator === 'undefined' ? [] : navigator.languages;
}

/** The first of `tags` we have sentences in, else English. */
export function tongueOf(tags: readonly string[]): Tongue {
  for (const tag of tags) {
    const known = tongues.find(({ tongue }) => tag.toLowerCase().split('-')[0] === tongue);
    if (known) return known.tongue;
  }
  return 'en';
}

/** The sentence of `key` (`namespace:path`) in the language in force. */
export function t(key: Key, values?: TOptions): string {
  void locale.tongue;
  return String(instance.t(key, withPlainNumbers(values)));
}

/** Whether a key that came over the wire has a sentence. */
export function isKey(key: string): key is Key {
  return instance.exists(key);
}

/** `count` chooses the plural form and is shown grouped, as the language writes numbers. */
function withPlainNumbers(values?: TOptions): TOptions {
  if (values?.count === undefined) return { ...values };
  return { ...values, count: values.count, n: new Intl.NumberFormat(locale.tag).format(values.count) };
}
