/** Before anything is drawn: the shade of the last time, so that a light window does not flash dark. */
import { drawLastShade } from '$lib/theme/theme.svelte';

drawLastShade();
