/** Events as text: cut short to be looked at, whole to be copied. */
import type { IssueSample } from '$lib/bindings';

/** A trace longer than this is shown on demand. */
const SHOWN_LINES = 12;
const SHOWN_CHARACTERS = 2400;

/** The beginning of an event, and whether anything is left out. */
export function shortened(lines: readonly string[]): { lines: string[]; cut: boolean } {
  const shown: string[] = [];
  let room = SHOWN_CHARACTERS;
  for (const line of lines.slice(0, SHOWN_LINES)) {
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
