// Waiting: for something that gives no event of its own, looked at again and again, with an end.
//
// Tests wait for what they need, never for a time: a fixed sleep is either too short or too long.
#pragma once

#include <chrono>
#include <functional>

namespace stormproof::support {

// True as soon as `holds` returns true; false when `within` has passed. Looks at it at least once, then every
// 2 ms on the calling thread.
bool eventually(std::chrono::milliseconds within, const std::function<bool()>& holds);

// What is left until `deadline`, as poll() takes it: rounded up, 0 when it has passed.
int milliseconds_until(std::chrono::steady_clock::time_point deadline);

}  // namespace stormproof::support
