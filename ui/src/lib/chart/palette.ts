/** The chart's colours, read from the theme in force: a canvas knows no custom properties. */

/** Colours of one theme. */
export interface Palette {
  avg: string;
  peak: string;
  limit: string;
  cpu: string;
  hosts: readonly string[];
  grid: string;
  line: string;
  text: string;
  text2: string;
  text3: string;
  surface: string;
  raised: string;
  accent: string;
  /** What is good or bad. */
  tones: Record<'accent' | 'danger' | 'warn' | 'ok' | 'text-3', string>;
}

/** Reads the palette from the document. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    avg: colour('chart-avg'),
    peak: colour('chart-peak'),
    limit: colour('chart-limit'),
    cpu: colour('chart-cpu'),
    hosts: Array.from({ length: 8 }, (_, at) => colour(`chart-${at + 1}`)),
    grid: colour('chart-grid'),
    line: colour('line-strong'),
    text: colour('text'),
    text2: colour('text-2'),
    text3: colour('text-3'),
    surface: colour('surface'),
    raised: colour('surface-raised'),
    accent: colour('accent'),
    tones: {
      accent: colour('accent'),
      danger: colour('danger'),
      warn: colour('warn'),
      ok: colour('ok'),
      'text-3': colour('text-3'),
    },
  };
}
