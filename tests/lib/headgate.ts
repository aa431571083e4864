/** The main job on a server of its own, for tests that look at it through a browser. */
import { join } from "node:path";
import { Cluster } from "./cluster";
import { canonicalPlan, root } from "./paths";
import { Application, loadStory } from "./story";
import { Supervisor } from "./supervisor";

export interface Demo {
  supervisor: Supervisor;
  cluster: Cluster;
  database: string;
  /** The address that logs this person in; the token stands in the fragment. */
  link(person: string): Promise<string>;
  /** Starts the plan as alice; gives the id of the run. */
  startRun(): Promise<string>;
  stop(): Promise<void>;
}

/** A private PostgreSQL with the story's tables, its application at work, and `headgate serve` with its people. */
export async function startDemo(events = 1005): Promise<Demo> {
  const cluster = await Cluster.start();
  const database = await cluster.database();
  await loadStory(cluster, database, events);
  const supervisor = await Supervisor.start({
    env: cluster.env(database),
    config: canonicalPlan,
    plans: join(root, "plans"),
    environment: "demo",
    people: ["alice", "bob", "carol", "dave"],
  });
  const application = await Application.start(cluster, database, { pauseMs: 50 });
  return {
    supervisor,
    cluster,
    database,
    link: (person) => supervisor.link(person),
    startRun: async () => (await supervisor.as("alice").startRun("canonical-events", "demo")).id,
    stop: async () => {
      await application.stop();
      await supervisor.stop();
      await cluster.stop();
    },
  };
}
