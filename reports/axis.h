// Axis: where a scale ends and what stands at its ticks. Pure.
#pragma once

#include <string>

namespace stormproof::reports {

// The end of a scale from 0 that shows `most`, with some room above it: a plateau should not look like the edge. A
// number that reads well, and so does its half. Above 0.
double axis_end(double most);

// The distance of ticks on an axis of time of `span_s` seconds: 1, 2 or 5 times a power of ten, at most 13 ticks.
double clock_step_s(double span_s);

// "0.5", "120", "2.4k".
std::string tick_text(double value);

}  // namespace stormproof::reports
