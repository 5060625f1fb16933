// Golden: a text held against a file in tests/golden/reports/.
//
// With STORMPROOF_UPDATE_GOLDEN=1 in the environment the file is written instead, and the test fails to say so: look at
// the difference before it is committed.
#pragma once

#include <string>
#include <string_view>

namespace stormproof::reports {

void expect_golden(const std::string& name, const std::string& text);

// Writes the text where a person can look at it: under the build folder, in reports/.
void keep_for_looking(const std::string& name, std::string_view text);

}  // namespace stormproof::reports
