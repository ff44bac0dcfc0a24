/** Whatever kind of thing the engine can name, the window has words for it in every language. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogues, type Namespace, type Sentences } from './catalogues';

const root = join(import.meta.dirname, '../../../..');
const bindings = readFileSync(join(root, 'ui/src/lib/bindings.ts'), 'utf8');
const tongues = ['en', 'hu', 'ru'] as const;

/** Where the words of each kind are. `*` stands for the kind; a sentence with plural forms counts as there. */
const words: Record<string, string[]> = {
  Accuracy: ['common:accuracy.*', 'common:accuracy.*_hint'],
  Banner: ['nav:banner.*'],
  CandidateSource: ['hosts:source.*'],
  ChangeKind: ['overview:changes.*'],
  Confidence: ['app:suggestion.confidence.*', 'app:suggestion.confidence_hint.*'],
  ConfigPart: ['deploys:part.*'],
  ContainerState: ['common:container_state.*'],
  DeployCause: ['deploys:cause.*.title', 'deploys:cause.*.advice'],
  DeployChange: ['deploys:change.*'],
  DeployKind: ['deploys:kind.*', 'deploys:kind_hint.*'],
  DeployRefusal: ['deploys:refusal.*.why', 'deploys:refusal.*.try'],
  DeployState: ['deploys:state.*', 'deploys:state_hint.*'],
  DeployStep: ['deploys:step.*'],
  EffectWithheld: ['deploys:effect.*'],
  FaultCause: ['faults:*.title', 'faults:*.advice'],
  Health: ['common:health.*'],
  HostState: ['common:host_state.*'],
  IgnoreUntil: ['issues:until.*', 'issues:ignore.*'],
  IssueFilter: ['issues:filter.*', 'issues:filter_hint.*'],
  IssueSeverity: ['issues:severity.*', 'issues:severities.*'],
  IssueSort: ['issues:column.*'],
  IssueState: ['issues:state.*'],
  LogScanState: ['issues:scan.state.*', 'issues:scan.advice.*'],
  LogStreamName: ['issues:samples.stream.*'],
  LeakWithheld: ['metrics:leak.*'],
  MarkKind: ['metrics:mark.*'],
  MemoryLevel: ['common:level.*'],
  MetricsSource: ['metrics:note.*'],
  MetricsSplit: ['metrics:split.*'],
  PlaceChange: ['issues:changed.*'],
  OnClose: ['settings:window.on_close_*'],
  Period: ['common:period.*'],
  SizeSource: ['common:source.*'],
  Theme: ['settings:window.theme_*'],
  Transport: ['hosts:transport.*'],
  TroubleKind: ['overview:trouble.*'],
};

/** Kinds that are never shown as words of their own. */
const wordless: Record<string, string> = {
  AppEvent: 'a message to the window',
  ConnectionTest: 'shown whole, by its contents',
  DeployTarget: 'asked for by dialogs of its own',
  ErrorCode: 'errors have keys of their own, below',
  Language: 'languages are called by their own names',
  Mode: 'has a strip of its own',
  Tag: 'says what to ask again',
};

/** Kinds that are told by another sentence than one of their name. */
const otherwise = new Set([
  'ChangeKind.health_changed',
  'DeployChange.env',
  'DeployChange.labels',
  'IgnoreUntil.moment',
  'MarkKind.deploy',
  'MarkKind.health',
]);

/** The names a type of the bindings can take: the texts of a union, or the tags of its variants. */
function kinds(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [, name = '', type = ''] of bindings.matchAll(/^export type (\w+) = ((?:[^;{]|\{[^{}]*\})*);/gm)) {
    const plain = type.replace(/\/\*[^]*?\*\//g, '');
    const tags = [...plain.matchAll(/\{ "(?:kind|state|outcome|type|until)": "(\w+)"/g)];
    const outside = plain.replace(/\{[^}]*\}/g, '');
    const texts = [...outside.matchAll(/"(\w+)"/g)];
    const all = [...tags, ...texts].map(([, kind = '']) => kind);
    if (all.length > 0) found.set(name, all);
  }
  return found;
}

function has(tongue: (typeof tongues)[number], key: string): boolean {
  const [namespace = '', path = ''] = key.split(':');
  let at: Sentences | string | undefined = catalogues[tongue][namespace as Namespace];
  const steps = path.split('.');
  for (const [index, step] of steps.entries()) {
    if (typeof at !== 'object') return false;
    at = at[step] ?? (index === steps.length - 1 ? at[`${step}_other`] : undefined);
  }
  return typeof at === 'string' && at.trim() !== '';
}

const lacking = (keys: readonly string[]) =>
  tongues.flatMap((tongue) => keys.filter((key) => !has(tongue, key)).map((key) => `${tongue} ${key}`));

describe('the kinds of the bindings', () => {
  it('are all known here', () => {
    const known = [...Object.keys(words), ...Object.keys(wordless)].sort();
    expect([...kinds().keys()].sort()).toEqual(known);
  });

  it.each(Object.keys(words))('%s has words in every language', (name) => {
    const all = kinds().get(name) ?? [];
    expect(all.length).toBeGreaterThan(1);
    const keys = all
      .filter((kind) => !otherwise.has(`${name}.${kind}`))
      .flatMap((kind) => (words[name] ?? []).map((key) => key.replace('*', kind)));
    expect(lacking(keys)).toEqual([]);
  });
});

/** Sources of a crate, without their tests. */
function sources(...folders: string[]): string {
  return folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.rs'))
        .map((file) => readFileSync(join(root, folder, file), 'utf8').replace(/#\[cfg\(test\)\][^]*$/, '')),
    )
    .join('\n');
}

describe('what only the engine’s own code lists', () => {
  const code = sources('crates/roadstead-engine/src', 'crates/roadstead-store/src', 'src-tauri/src');
  const all = (pattern: RegExp) => [...new Set([...code.matchAll(pattern)].map(([, name = '']) => name))];

  it('has a sentence for every error', () => {
    const families = Object.keys(catalogues.en.errors).join('|');
    // Fields of a request, which look like keys.
    const fields = new Set(['tls.ca', 'tls.cert', 'tls.key']);
    const keys = [
      ...all(/WireError::invalid\(\s*[^,]+,\s*"([\w.]+)"/g),
      ...all(/Self::invalid\(\s*[^,]+,\s*"([\w.]+)"/g),
      ...all(/key: "error\.([\w.]+)"/g),
      // Keys chosen by a `match` and handed over as a value.
      ...all(new RegExp(`"((?:${families})\\.\\w+)"`, 'g')).filter((key) => !fields.has(key)),
      ...all(/not_found\("(\w+)"/g).map((what) => `not_found.${what}`),
      ...all(/what: "(\w+)"/g).map((what) => `not_found.${what}`),
    ];
    expect(keys.length, 'the search still finds them').toBeGreaterThan(20);
    expect(lacking(keys.map((key) => `errors:${key}`))).toEqual([]);
  });

  it('has a name for every task that can keep failing', () => {
    const tasks = [...all(/task_failed\("(\w+)"/g), ...all(/task: "(\w+)"/g)];
    expect(tasks.length, 'the search still finds them').toBeGreaterThan(2);
    expect(lacking(tasks.map((task) => `nav:task.${task}`))).toEqual([]);
  });

  it('has a name for every kind of thing the store keeps', () => {
    const listed = /`samples`[^\n]*/.exec(bindings)?.[0] ?? '';
    const names = [...listed.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(3);
    expect(lacking(names.map((name) => `settings:kind.${name}`))).toEqual([]);
  });
});
