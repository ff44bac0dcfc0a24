import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync('src/lib/styles/tokens.css', 'utf8');

/** The colours of one theme; light takes what it does not say from dark. */
function theme(name: 'dark' | 'light'): Map<string, string> {
  const [dark = '', light = ''] = css.split(":root[data-theme='light']");
  const tokens = new Map<string, string>();
  for (const part of name === 'dark' ? [dark] : [dark, light]) {
    for (const [, token = '', value = ''] of part.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)) tokens.set(token, value);
  }
  return tokens;
}

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const grounds = ['bg', 'surface', 'surface-raised', 'surface-sunken', 'hover', 'selected'];
const texts = ['text', 'text-2', 'text-3', 'accent', 'ok', 'warn', 'danger'];
const soft = [
  ['ok', 'ok-soft'],
  ['warn', 'warn-soft'],
  ['danger', 'danger-soft'],
  ['text-2', 'idle-soft'],
  ['text', 'danger-soft'],
  ['text', 'warn-soft'],
  ['text-2', 'warn-soft'],
  ['accent', 'accent-soft'],
  ['on-accent', 'accent'],
] as const;

describe.each(['dark', 'light'] as const)('the %s theme', (name) => {
  const tokens = theme(name);
  const colour = (token: string) => {
    const known = tokens.get(token);
    if (!known) throw new Error(`no colour is called ${token}`);
    return known;
  };

  it('can be read: every text on every ground has AA contrast', () => {
    const pairs = [...grounds.flatMap((ground) => texts.map((text) => [text, ground] as const)), ...soft];
    const weak = pairs
      .map(([text, ground]) => ({ text, ground, ratio: contrast(colour(text), colour(ground)) }))
      .filter(({ ratio }) => ratio < 4.5)
      .map(({ text, ground, ratio }) => `${text} on ${ground}: ${ratio.toFixed(2)}`);
    expect(weak).toEqual([]);
  });

  it('can be seen: every line of a chart stands out from its ground', () => {
    const lines = ['avg', 'peak', 'limit', 'cpu', '1', '2', '3', '4', '5', '6', '7', '8'].map(
      (line) => `chart-${line}`,
    );
    const weak = lines.filter((line) => contrast(colour(line), colour('surface')) < 3);
    expect(weak).toEqual([]);
  });
});
