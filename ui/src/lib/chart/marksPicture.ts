/** Marks on a picture that is saved: on the page they are elements of their own above the canvas. */
import type { Palette } from './palette';
import { shapeOf, shapePaths, SHAPE_PX, tokenOf, toneOfMark } from './markShapes';
import type { Spot } from './marks';

/** Where marks are drawn, in pixels. */
export interface Lane {
  /** Where a moment stands. */
  x: (atMs: number) => number;
  /** Middle of the lane. */
  y: number;
  /** How far down their lines go. */
  foot: number;
}

/** Draws the spots on a canvas. */
export function drawMarks(pen: CanvasRenderingContext2D, spots: readonly Spot[], lane: Lane, palette: Palette): void {
  pen.save();
  pen.font = '10px Inter, system-ui, sans-serif';
  pen.textBaseline = 'middle';
  for (const { at_ms, first, count } of spots) {
    const x = Math.round(lane.x(at_ms)) + 0.5;
    const colour = palette.tones[tokenOf(toneOfMark(first.mark))];
    pen.strokeStyle = colour;
    pen.fillStyle = colour;
    pen.lineWidth = 1;
    pen.globalAlpha = 0.55;
    pen.setLineDash([2, 3]);
    pen.beginPath();
    pen.moveTo(x, lane.y + SHAPE_PX / 2 + 2);
    pen.lineTo(x, lane.foot);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
    const { d, filled } = shapePaths[shapeOf(first.mark)];
    pen.save();
    pen.translate(x - SHAPE_PX / 2, lane.y - SHAPE_PX / 2);
    const path = new Path2D(d);
    pen.lineWidth = 1.7;
    if (filled) pen.fill(path, 'evenodd');
    else pen.stroke(path);
    pen.restore();
    if (count > 1) pen.fillText(String(count), x + SHAPE_PX / 2 + 2, lane.y);
  }
  pen.restore();
}
