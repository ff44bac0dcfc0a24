/** Which rate charts are shown, remembered on this machine. */

/** The charts that can be shown below. */
export interface Rates {
  network: boolean;
  block: boolean;
}

const PLACE = 'roadstead.metrics.rates';

/** What was chosen last; neither at first. */
export function recallRates(): Rates {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? 'null') as Partial<Rates> | null;
    return { network: kept?.network === true, block: kept?.block === true };
  } catch {
    // Unreadable or forbidden storage costs a preference, not the page.
    return { network: false, block: false };
  }
}

/** Keeps what was chosen. */
export function rememberRates(rates: Rates): void {
  try {
    localStorage.setItem(PLACE, JSON.stringify(rates));
  } catch {
    // A full or forbidden storage costs a preference, not the page.
  }
}
