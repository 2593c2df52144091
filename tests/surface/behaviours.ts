/** The behaviours that the surface states in words, by their ids. */
export type Behaviours = Readonly<Record<string, () => void | Promise<void>>>;

/** Those that wait for an area of the surface that is not there yet, each with what it waits for. */
export const waiting: Readonly<Record<string, string>> = {
  "manual-seed-no-cuda": "area 40: there is no torch.cuda yet",
  "freeze-finetune": "area 65: there is no torchvision.models.resnet18 yet",
  "pin-custom-batch": "area 62: DataLoader accepts pin_memory and does not call pin_memory() of batches yet",
};
