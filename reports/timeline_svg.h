// Timeline, drawn: one inline SVG that needs no style sheet and no script.
//
// Shapes carry presentation attributes for a white page; each has a class, so that a style sheet may recolour it for
// a dark one. A title and a description say in words what is drawn; a bin's numbers stand in its <title>, which
// browsers show as a tooltip.
#pragma once

#include <string>

#include "reports/timeline.h"

namespace stormproof::reports {

// Well-formed XML, everything in it escaped; "" where there is nothing to draw. Pure.
std::string draw_timeline(const Timeline& line);

}  // namespace stormproof::reports
