/** Whole numbers of a time unit, with the unit's name written out. */
import { numberFormat } from './numbers';

const UNITS = { s: 'second', h: 'hour', d: 'day' } as const;

/** A unit as settings and errors name it. */
export type Unit = keyof typeof UNITS;

/** Whether `text` names a unit. */
export function isUnit(text: string | undefined): text is Unit {
  return text !== undefined && Object.hasOwn(UNITS, text);
}

/** The name of a unit as it stands after `value`: `seconds`, `days`. */
export function unitName(unit: Unit, value: number): string {
  const format = numberFormat({ style: 'unit', unit: UNITS[unit], unitDisplay: 'long' });
  return format.formatToParts(value).find((part) => part.type === 'unit')?.value ?? unit;
}

/** `15 seconds`, `90 days`. */
export function formatWithUnit(value: number, unit: Unit): string {
  return numberFormat({ style: 'unit', unit: UNITS[unit], unitDisplay: 'long' }).format(value);
}
