"""One model over several sites whose rows stay where they are: only sums travel.

A site answers each question of a study with a vector whose length the recipe alone decides
(`answers`), as whole numbers (`sums`) under masks that cancel in the total (`masks`), or with noise
(`noise`). The coordinator turns totals into the next question (`newton`, `averaging`).
"""
