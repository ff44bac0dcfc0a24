/** The host form's values: how they become a draft for the engine, and what can be said of them while they are typed. */
import type { HostDraft, HostRow, WireError } from '$lib/bindings';
import { isRefusal, readAddress, suggestedName, type Sentence } from './address';

/** What is typed into the form. Text stays text until it is sent. */
export interface HostFormValues {
  address: string;
  name: string;
  customer: string;
  /** Connect to a `tcp://` address with certificates. */
  useTls: boolean;
  ca: string;
  cert: string;
  key: string;
  acceptPlainText: boolean;
  /** This host has its own tick interval. */
  ownInterval: boolean;
  /** Seconds, as typed. */
  intervalSeconds: string;
}

/** Fields by the names the engine gives them in its errors. */
export const FIELDS = [
  'address',
  'name',
  'customer',
  'tls.ca',
  'tls.cert',
  'tls.key',
  'accept_plain_text',
  'tick_interval_s',
] as const;
/** A field of the form. */
export type Field = (typeof FIELDS)[number];
/** What is wrong, by field. */
export type FieldErrors = Partial<Record<Field, Sentence>>;

/** Longest name or customer label, characters. */
export const MAX_NAME_CHARS = 80;
/** Allowed tick intervals, seconds. */
export const TICK_INTERVAL_S = { min: 5, max: 300 } as const;

/** An empty form. Certificates are on: plain text is never what somebody gets without asking for it. */
export function emptyValues(): HostFormValues {
  return {
    address: '',
    name: '',
    customer: '',
    useTls: true,
    ca: '',
    cert: '',
    key: '',
    acceptPlainText: false,
    ownInterval: false,
    intervalSeconds: '15',
  };
}

/** The form for a draft found on this machine. */
export function valuesOfDraft(draft: HostDraft): HostFormValues {
  return {
    address: draft.address,
    name: draft.name,
    customer: draft.customer,
    useTls: draft.tls !== null || !draft.accept_plain_text,
    ca: draft.tls?.ca ?? '',
    cert: draft.tls?.cert ?? '',
    key: draft.tls?.key ?? '',
    acceptPlainText: draft.accept_plain_text,
    ownInterval: draft.tick_interval_s !== null,
    intervalSeconds: String(draft.tick_interval_s ?? 15),
  };
}

/** The form for a host that exists. The customer label is left empty where it only repeats the name. */
export function valuesOfRow(row: HostRow): HostFormValues {
  return valuesOfDraft({
    name: row.name,
    customer: row.customer === row.name ? '' : row.customer,
    address: row.address,
    tls: row.tls,
    accept_plain_text: row.accept_plain_text,
    tick_interval_s: row.tick_interval_s,
  });
}

/** Whether the address is one that certificates belong to. */
export function isTcp(values: HostFormValues): boolean {
  const address = readAddress(values.address);
  return !isRefusal(address) && address.kind === 'tcp';
}

/** Whether the address is reached by ssh. */
export function isSsh(values: HostFormValues): boolean {
  const address = readAddress(values.address);
  return !isRefusal(address) && address.kind === 'ssh';
}

/** Whether what is said to this host could be read on the way. */
export function isPlainText(values: HostFormValues): boolean {
  return isTcp(values) && !values.useTls;
}

/** The draft the engine is asked with. */
export function draftOf(values: HostFormValues): HostDraft {
  const tls = isTcp(values) && values.useTls;
  return {
    name: values.name.trim(),
    customer: values.customer.trim(),
    address: values.address.trim(),
    tls: tls ? { ca: values.ca.trim(), cert: values.cert.trim(), key: values.key.trim() } : null,
    accept_plain_text: isPlainText(values) && values.acceptPlainText,
    tick_interval_s: values.ownInterval ? Number(values.intervalSeconds) : null,
  };
}

/** The name the form offers when none was typed. */
export function offeredName(values: HostFormValues): string {
  const address = readAddress(values.address);
  return isRefusal(address) ? '' : suggestedName(address);
}

/** What can be said without asking the engine: the same sentences it would answer with. */
export function localErrors(values: HostFormValues): FieldErrors {
  return { ...endpointErrors(values), ...labelErrors(values), ...intervalErrors(values) };
}

/** The part of `localErrors` that keeps a connection test from being worth a try. */
export function endpointErrors(values: HostFormValues): FieldErrors {
  const errors: FieldErrors = {};
  const address = readAddress(values.address);
  if (isRefusal(address)) errors.address = address;
  if (isTcp(values) && values.useTls) {
    for (const [field, path] of [
      ['tls.ca', values.ca],
      ['tls.cert', values.cert],
      ['tls.key', values.key],
    ] as const) {
      if (path.trim() === '') errors[field] = { key: 'error.tls.missing', params: {} };
    }
  }
  if (isPlainText(values) && !values.acceptPlainText) {
    errors.accept_plain_text = { key: 'error.plain_text.not_accepted', params: {} };
  }
  return errors;
}

function labelErrors(values: HostFormValues): FieldErrors {
  const errors: FieldErrors = {};
  if (values.name.trim() === '') errors.name = { key: 'error.name.empty', params: {} };
  for (const field of ['name', 'customer'] as const) {
    const count = [...values[field].trim()].length;
    if (count > MAX_NAME_CHARS) {
      errors[field] = { key: 'error.name.too_long', params: { count: String(count), max: String(MAX_NAME_CHARS) } };
    }
  }
  return errors;
}

function intervalErrors(values: HostFormValues): FieldErrors {
  if (!values.ownInterval) return {};
  const wrong = wrongNumber(values.intervalSeconds, TICK_INTERVAL_S, 's');
  return wrong === null ? {} : { tick_interval_s: wrong };
}

/** What is wrong with a typed whole number, if anything. `unit` is `s`, `h` or `d`. */
export function wrongNumber(typed: string, range: { min: number; max: number }, unit: string): Sentence | null {
  const text = typed.trim();
  const params = { value: text, min: String(range.min), max: String(range.max), unit };
  if (!/^[+-]?\d+$/.test(text)) return { key: 'error.number.not_whole', params };
  const value = Number(text);
  if (value < range.min || value > range.max) return { key: 'error.number.out_of_range', params };
  return null;
}

/** The field an error of the engine belongs under; `null` when it belongs to the form as a whole. */
export function fieldOf(error: WireError): Field | null {
  return FIELDS.find((field) => field === error.field) ?? null;
}
