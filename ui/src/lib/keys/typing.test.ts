import { afterEach, describe, expect, it } from 'vitest';
import { answersEnter, latinKey, takesText } from './typing';

afterEach(() => document.body.replaceChildren());

function element(tag: string, attributes: Record<string, string> = {}): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  document.body.append(made);
  return made;
}

describe('letters', () => {
  it.each(['radio', 'checkbox', 'range', 'button', 'submit', 'file'])(
    'are shortcuts over an input of type %s',
    (type) => {
      expect(takesText(element('input', { type }))).toBe(false);
    },
  );

  it.each(['text', 'search', 'number', 'password', 'datetime-local', 'unheard-of'])(
    'are text in an input of type %s',
    (type) => {
      expect(takesText(element('input', { type }))).toBe(true);
    },
  );

  it('are text in what else is written in, and choose in a select', () => {
    expect(takesText(element('input'))).toBe(true);
    expect(takesText(element('textarea'))).toBe(true);
    expect(takesText(element('select'))).toBe(true);
    expect(takesText(element('div', { contenteditable: '' }))).toBe(true);
    expect(takesText(element('div', { contenteditable: 'plaintext-only' }))).toBe(true);
    expect(takesText(element('div', { contenteditable: 'false' }))).toBe(false);
    expect(takesText(element('button'))).toBe(false);
    expect(takesText(null)).toBe(false);
  });

  it('are found on a layout of another script', () => {
    expect(latinKey({ key: 'п', code: 'KeyG' })).toBe('g');
    expect(latinKey({ key: 'g', code: 'KeyG' })).toBe('g');
    expect(latinKey({ key: 'z', code: 'KeyY' }), 'a Hungarian layout').toBe('z');
    expect(latinKey({ key: '/', code: 'Backslash' })).toBe('/');
    expect(latinKey({ key: 'Escape', code: 'Escape' })).toBe('Escape');
  });
});

describe('Enter', () => {
  it('is left to what it presses', () => {
    expect(answersEnter(element('summary'))).toBe(true);
    expect(answersEnter(element('input', { type: 'radio' }))).toBe(true);
    expect(answersEnter(element('tr'))).toBe(false);
  });
});
