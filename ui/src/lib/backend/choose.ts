/** Picks what is behind the window. */
import type { Backend } from './backend';
import { insideTauri, tauriBackend } from './tauri';

/** The desktop face where there is one; the made-up fleet in development and tests; else nothing. */
export async function chooseBackend(): Promise<Backend | null> {
  if (insideTauri()) return tauriBackend();
  if (!__FIXTURE_ALLOWED__) return null;
  const { fixtureBackend, sceneOf } = await import('./fixture');
  return fixtureBackend({ scene: sceneOf(location.search), latencyMs: 80, tickMs: 5000 });
}
