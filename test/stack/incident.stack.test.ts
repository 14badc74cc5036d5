import { testObserved } from "../support/observed-incident.ts";

// Of a poison message, which takes two minutes more: test/poison-observed.nightly.test.ts.
testObserved("slow-agent");
testObserved("bad-routing-rule");
