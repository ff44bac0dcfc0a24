/** Stands in for the canvas in tests: keeps the options it is given and the handlers, and hands out a tiny picture. */
import { vi } from 'vitest';

/** What the charts of a test were given. */
export const drawn: {
  options: Array<{ series: Array<{ name: string; data: unknown[] }>; xAxis: Array<{ min: number; max: number }> }>;
  zoom: (from: number, to: number) => void;
} = { options: [], zoom: () => undefined };

/** Put in the place of `$lib/chart/echarts`. */
export function chartStandIn() {
  return {
    init: vi.fn(() => ({
      // Axes without any series belong to lines that are drawn on a canvas of their own.
      setOption: (option: (typeof drawn.options)[number]) => option.series && drawn.options.push(option),
      on: (_: string, handler: (event: unknown) => void) => {
        drawn.zoom = (startValue, endValue) => handler({ batch: [{ startValue, endValue }] });
      },
      getZr: () => ({ on: vi.fn() }),
      resize: vi.fn(),
      dispose: vi.fn(),
      dispatchAction: vi.fn(),
      getWidth: () => 0,
      getHeight: () => 0,
      renderToCanvas: () => ({ getContext: () => null, toDataURL: () => `data:image/png;base64,${btoa('PNG')}` }),
    })),
  };
}
