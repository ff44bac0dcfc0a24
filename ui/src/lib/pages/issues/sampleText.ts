/** Events as text: cut short to be looked at, whole to be copied. */
import type { IssueSample } from '$lib/bindings';

/** Lines of an event that are shown at once; the rest on demand. */
export const SHOWN_LINES = { newest: 14, older: 4 } as const;
/** Hiding fewer lines than this is not worth a button. */
const WORTH_HIDING = 3;
const SHOWN_CHARACTERS = 2400;

/** The beginning of an event, and whether anything is left out. */
export function shortened(lines: readonly string[], most: number): { lines: string[]; cut: boolean } {
  const shown: string[] = [];
  let room = SHOWN_CHARACTERS;
  for (const line of lines.slice(0, lines.length < most + WORTH_HIDING ? lines.length : most)) {
    if (room <= 0) break;
    // By characters as people count them, so that no pair is torn apart.
    shown.push(line.length <= room ? line : `${Array.from(line).slice(0, room).join('')}…`);
    room -= line.length;
  }
  return { lines: shown, cut: room < 0 || shown.length < lines.length };
}

/** An event as it was printed. */
export function textOfSample(sample: Pick<IssueSample, 'lines'>): string {
  return sample.lines.join('\n');
}

/** Several events, each under a line that says when and where. */
export function textOfSamples(samples: readonly IssueSample[]): string {
  return samples
    .map((sample) => {
      const head = `# ${new Date(sample.at_ms).toISOString()} ${sample.host_name} ${sample.container_name} ${sample.stream}`;
      return `${head}\n${textOfSample(sample)}`;
    })
    .join('\n\n');
}
