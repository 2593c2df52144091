/** Sizes of W9. */
export const recurrentSizes = { sequence: 64, batch: 16, inputs: 128, hidden: 256 } as const;
/** Of all that is generated but the input. */
export const recurrentScale = 1 / Math.sqrt(recurrentSizes.hidden);
