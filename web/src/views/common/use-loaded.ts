// Fetches something for a view: again when its key changes or on request, and after each reconnect. A
// failed try keeps the last value, marked by error.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Loaded, nothing, reconnected } from "../../state/store";
import { ApiError } from "../../wire/api";

export function useLoaded<T>(key: string, fetch: () => Promise<T>): Loaded<T> & { reload: () => void; put: (value: T) => void } {
  const [state, setState] = useState<Loaded<T> & { key: string }>({ ...nothing<T>(), key });
  const turn = useRef(0);
  const latest = useRef(fetch);
  latest.current = fetch;
  const reload = useCallback(() => {
    const mine = (turn.current += 1);
    setState((before) => ({ ...(before.key === key ? before : nothing<T>()), key, loading: true }));
    latest.current().then(
      (value) => turn.current === mine && setState({ value, error: null, loading: false, key }),
      (error: unknown) => {
        if (turn.current !== mine) return;
        const failed = error instanceof ApiError ? error : new ApiError(0, "", String(error), "", null);
        setState((before) => ({ ...before, error: failed, loading: false, key }));
      },
    );
  }, [key]);
  const put = useCallback((value: T) => {
    turn.current += 1;
    setState({ value, error: null, loading: false, key });
  }, [key]);
  const again = reconnected.value;
  useEffect(reload, [reload, again]);
  const shown = state.key === key ? state : { ...nothing<T>(), key };
  return { value: shown.value, error: shown.error, loading: shown.loading, reload, put };
}
