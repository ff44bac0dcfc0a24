/** The strokes of a sparkline. */

/** One path of `values` in a box of `width` by `height`; the pen is lifted over what was not measured. */
export function sparkPath(values: ReadonlyArray<number | null>, width: number, height: number): string {
  const measured = values.filter((value): value is number => value !== null);
  if (measured.length === 0) return '';
  const [low, high] = [Math.min(...measured), Math.max(...measured)];
  // A flat line is drawn in the middle, and a nearly flat one nearly so: its wiggle is not blown up to the full height.
  const span = Math.max(high - low, high * 0.1, 1);
  const middle = (high + low) / 2;
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  let path = '';
  let penDown = false;
  values.forEach((value, at) => {
    if (value === null) {
      penDown = false;
      return;
    }
    const x = round(at * step);
    const y = round(height / 2 - ((value - middle) / span) * height);
    const alone = !penDown && (values[at + 1] ?? null) === null;
    path += penDown ? `L${x} ${y}` : `M${x} ${y}`;
    // A single point would be invisible as a move alone.
    if (alone) path += `h0.01`;
    penDown = true;
  });
  return path;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
