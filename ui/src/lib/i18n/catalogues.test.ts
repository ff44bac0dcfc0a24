import { describe, expect, it } from 'vitest';
import { catalogues, namespaces, type Sentences } from './catalogues';
import { locale, t, tongueOf } from './i18n.svelte';

const tongues = ['en', 'hu', 'ru'] as const;
const plural = /_(zero|one|two|few|many|other)$/;

/** Every sentence of a catalogue by its full path. */
function flat(sentences: Sentences, path = ''): Map<string, string> {
  const all = new Map<string, string>();
  for (const [name, value] of Object.entries(sentences)) {
    if (typeof value === 'string') all.set(path + name, value);
    else for (const [inner, text] of flat(value, `${path}${name}.`)) all.set(inner, text);
  }
  return all;
}

const placeholders = (text: string) => [...new Set(text.match(/{{\s*[\w.]+\s*}}/g) ?? [])].sort();

describe.each(namespaces)('the catalogue %s', (namespace) => {
  const english = flat(catalogues.en[namespace]);
  const base = (keys: Iterable<string>) => [...new Set([...keys].map((key) => key.replace(plural, '')))].sort();

  it('has the same sentences in every language', () => {
    expect(english.size, 'a catalogue without sentences').toBeGreaterThan(0);
    for (const tongue of tongues)
      expect(base(flat(catalogues[tongue][namespace]).keys()), tongue).toEqual(base(english.keys()));
  });

  it('leaves no sentence empty', () => {
    for (const tongue of tongues) {
      const empty = [...flat(catalogues[tongue][namespace])].filter(([, text]) => !text.trim()).map(([key]) => key);
      expect(empty, tongue).toEqual([]);
    }
  });

  it('has every plural form its language needs, and no other', () => {
    const counted = base([...english.keys()].filter((key) => plural.test(key)));
    for (const tongue of tongues) {
      const forms = [...new Intl.PluralRules(tongue).resolvedOptions().pluralCategories].sort();
      const keys = [...flat(catalogues[tongue][namespace]).keys()].filter((key) => plural.test(key));
      const formsOf = (key: string) =>
        keys.filter((own) => own.replace(plural, '') === key).map((own) => own.slice(key.length + 1));
      const incomplete = counted.filter((key) => formsOf(key).sort().join() !== forms.join());
      expect(incomplete, `${tongue} needs ${forms.join(', ')}`).toEqual([]);
    }
  });

  it('has the same placeholders in every language', () => {
    const differing: string[] = [];
    for (const tongue of tongues) {
      for (const [key, text] of flat(catalogues[tongue][namespace])) {
        const own = placeholders(text);
        // A form may spell its number out (“once”); none may have a value the others lack.
        const known = placeholders(english.get(key.replace(plural, '_other')) ?? english.get(key) ?? '');
        const same = plural.test(key) ? own.every((name) => known.includes(name)) : own.join() === known.join();
        if (!same) differing.push(`${tongue} ${key}: ${own.join(' ')} instead of ${known.join(' ')}`);
      }
    }
    expect(differing).toEqual([]);
  });
});

describe('the languages', () => {
  it('are switched while the window is open', () => {
    expect(t('nav:apps')).toBe('Apps');
    locale.speak('hu');
    expect(t('nav:apps'), 'the seed’s own word').toBe('Alkalmazások');
    expect(document.documentElement.lang).toBe('hu');
  });

  it('count by the rules of their grammar', () => {
    locale.speak('ru');
    expect([1, 2, 5, 21, 25].map((count) => t('table:copied', { count }))).toEqual([
      'Скопирована 1 строка',
      'Скопировано 2 строки',
      'Скопировано 5 строк',
      'Скопирована 21 строка',
      'Скопировано 25 строк',
    ]);
  });

  it('follow the machine, and fall back to English', () => {
    expect(tongueOf(['de-DE', 'hu-HU', 'en'])).toBe('hu');
    expect(tongueOf(['de-DE', 'fr'])).toBe('en');
    expect(tongueOf([])).toBe('en');
  });

  it('leave markup in names as it is: it is text', () => {
    expect(t('app:missing.title', { name: '<img src=x onerror=alert(1)>' })).toContain('<img src=x onerror=alert(1)>');
  });
});
