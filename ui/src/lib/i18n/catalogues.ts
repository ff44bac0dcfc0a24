/** The catalogues, and the type of a key: whatever English has. */
import enApp from './en/app.json';
import enApps from './en/apps.json';
import enChart from './en/chart.json';
import enCommon from './en/common.json';
import enDeploys from './en/deploys.json';
import enErrors from './en/errors.json';
import enFaults from './en/faults.json';
import enHosts from './en/hosts.json';
import enIssues from './en/issues.json';
import enKeys from './en/keys.json';
import enMetrics from './en/metrics.json';
import enNav from './en/nav.json';
import enOverview from './en/overview.json';
import enSettings from './en/settings.json';
import enTable from './en/table.json';
import enWelcome from './en/welcome.json';

const en = {
  app: enApp,
  apps: enApps,
  chart: enChart,
  common: enCommon,
  deploys: enDeploys,
  errors: enErrors,
  faults: enFaults,
  hosts: enHosts,
  issues: enIssues,
  keys: enKeys,
  metrics: enMetrics,
  nav: enNav,
  overview: enOverview,
  settings: enSettings,
  table: enTable,
  welcome: enWelcome,
};

/** Parts of the catalogue: one file each per language. */
export type Namespace = keyof typeof en;

/** All parts. */
export const namespaces = Object.keys(en) as Namespace[];

type PluralForm = 'zero' | 'one' | 'two' | 'few' | 'many' | 'other';
type WithoutPluralForm<K extends string> = K extends `${infer Base}_${PluralForm}` ? Base : K;
type Path<T> = {
  [K in keyof T & string]: T[K] extends string ? WithoutPluralForm<K> : `${K}.${Path<T[K]>}`;
}[keyof T & string];

/** `namespace:path.of.the.sentence`, without plural endings. */
export type Key = { [N in Namespace]: `${N}:${Path<(typeof en)[N]>}` }[Namespace];

/** A part of the catalogue: sentences, in groups. */
export interface Sentences {
  [name: string]: string | Sentences;
}

const files = import.meta.glob<Sentences>('./{hu,ru}/*.json', { eager: true, import: 'default' });

function catalogueOf(tongue: string): Record<Namespace, Sentences> {
  return Object.fromEntries(
    namespaces.map((namespace) => [namespace, files[`./${tongue}/${namespace}.json`] ?? {}]),
  ) as Record<Namespace, Sentences>;
}

/** Every sentence of every language. */
export const catalogues: Record<'en' | 'hu' | 'ru', Record<Namespace, Sentences>> = {
  en,
  hu: catalogueOf('hu'),
  ru: catalogueOf('ru'),
};
