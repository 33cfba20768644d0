"""How good a fill is: drawings with truth, measures, classical fills to stand beside, scores and sheets."""
