/** A network whose training looks rows up, draws, and updates in place. */
import * as torch from "cresset";

const { nn, optim } = torch;

type Model = InstanceType<typeof nn.Sequential>;

export const perceptron = (device: string): Model =>
  new nn.Sequential(
    new nn.Embedding(5, 6, { device }),
    new nn.Dropout(0.5),
    new nn.Linear(6, 4, { device }),
    new nn.Tanh(),
  );

export const optimizerOn = (model: Model): InstanceType<typeof optim.Adam> =>
  new optim.Adam(model.parameters(), { lr: 0.05 });
