import { testObserved } from "./support/observed-incident.ts";

testObserved("poison-message");
