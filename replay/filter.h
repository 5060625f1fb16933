// placeholder until the replay branch lands
#pragma once
#include <string>
#include <vector>
#include "harness/base/glob.h"
namespace stormproof::replay { struct Filter { std::vector<std::string> methods; std::vector<std::string> paths; 
 bool keeps(std::string_view m, std::string_view target) const { bool a=methods.empty(), b=paths.empty(); for(auto&x:methods)a|=x==m; auto p=target.substr(0,target.find('?')); for(auto&x:paths) b|=base::glob_matches(x,p); return a&&b; } }; }
