// How the code is compiled that runs only when a network is loaded.
#pragma once

/// Before a function that reads or checks: small code, not taken into its callers. Such functions are most of the runtime, and
/// what they cost is the time of a compiler, not of events.
#define KERAS_HEP_LOADING [[gnu::cold, gnu::noinline]]
