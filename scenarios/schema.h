// Schema: the language as a JSON Schema (draft 7, as yaml-language-server reads it), for editors.
//
// Made from the tables of language.h, so that it knows the same keys. `stormproof schema` prints it;
// scenarios/schema/scenario.schema.json is the same text.
#pragma once

#include <string>

namespace stormproof::scenarios {

// Indented JSON, ending with a line feed; the same bytes each time.
std::string schema();

}  // namespace stormproof::scenarios
