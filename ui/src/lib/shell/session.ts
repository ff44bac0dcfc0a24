/** What every page may want to know of the whole: whose fleet it is, the version, the banners. */
import { createContext } from 'svelte';
import type { Query } from '$lib/live/query.svelte';

/** The state of the app, always asked for. */
export const [getAppState, setAppState] = createContext<Query<'app_state'>>();
